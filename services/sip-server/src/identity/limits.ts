/** ConnIDs reserved with one write. Half of it must outlast a commit. */
export const connIdBlock = 8192;

/** 16 bits of a ConnID name the server. */
export const maxServerId = 0xffff;

/** R8: longest recording id. */
export const maxRecordingId = 128;
