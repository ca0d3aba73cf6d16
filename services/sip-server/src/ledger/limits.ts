/** Lines of a page where nothing is said, and at most. */
export const defaultPage = 100;
export const maxPage = 1000;

/** Different reasons that are counted apart; the rest are counted as `other`. */
export const maxCountedReasons = 50;
