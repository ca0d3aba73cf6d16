/** Text that every database can hold: U+0000 and halves of characters become U+FFFD. */
export function plainText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}
