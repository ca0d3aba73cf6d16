export * from "./journal-file.ts";
