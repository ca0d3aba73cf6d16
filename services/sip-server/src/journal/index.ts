export { type CallFacts, type PartyFacts, readFacts } from "./call-facts.ts";
export { type CallJournalDocument, type JournalLine, type Participant } from "./document.ts";
export {
  defaultKeeping,
  journalUnavailable,
  SignallingJournal,
  type SignallingJournalStats,
} from "./signalling-journal.ts";
export { type CallReader, readCallJournal } from "./read-journal.ts";
