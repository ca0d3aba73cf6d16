import { type Document, isAlias, isScalar, type LineCounter, type Node, type Scalar } from "yaml";
import { maxMistakes } from "./limits.ts";
import type { ConfigMistake } from "./mistake.ts";

/** A value of the file with its place: what every reader is given. */
export interface At {
  readonly node: Node | null;
  readonly path: string;
  readonly depth: number;
}

/** Reads one value. Undefined means that it complained. */
export type Reader<T> = (at: At, reading: Reading) => T | undefined;

/** What a reader needs from the machine around it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; throws where it cannot be read. */
  readonly readFile: (path: string) => string;
  /** Folder that relative paths start from: the one of the configuration file. */
  readonly folder: string;
  /** What `maskedSecret` at a path stands for; absent: it stands for nothing. */
  readonly unchanged?: ((path: string) => string | undefined) | undefined;
}

/** One pass over one file: collects mistakes and warnings with their places. */
export class Reading {
  readonly mistakes: ConfigMistake[] = [];
  readonly warnings: ConfigMistake[] = [];
  readonly around: Surroundings;
  /** Where each secret stands, with its value: for the check of demo passwords. */
  readonly secrets: { readonly path: string; readonly value: string }[] = [];
  /** Scalars that were read as something that may be shown. Whatever else stands in the file may be a secret. */
  readonly open = new Set<Node>();
  /** Scalars that were read as secrets, whatever else they were read as. */
  readonly hidden = new Set<Node>();
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #document: Document;
  readonly #places = new Map<string, Node | null>();

  constructor(file: string, document: Document, lines: LineCounter, around: Surroundings) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
    this.around = around;
  }

  /** Follows an alias to what it stands for, and remembers the place of `path`. */
  resolve(at: At): Node | null {
    this.#places.set(at.path, at.node);
    if (at.node === null || !isAlias(at.node)) return at.node;
    return at.node.resolve(this.#document) ?? null;
  }

  /** As `resolve`, for what reads a scalar that is no secret. */
  scalar(at: At): Node | null {
    const node = this.resolve(at);
    if (isScalar(node)) this.open.add(node);
    return node;
  }

  complain(at: { readonly path: string; readonly node?: Node | null }, message: string, remedy?: string): undefined {
    if (this.mistakes.length < maxMistakes) this.mistakes.push(this.#say(at, message, remedy));
    return undefined;
  }

  warn(at: { readonly path: string; readonly node?: Node | null }, message: string, remedy?: string): void {
    if (this.warnings.length < maxMistakes) this.warnings.push(this.#say(at, message, remedy));
  }

  #say(at: { readonly path: string; readonly node?: Node | null }, message: string, remedy?: string): ConfigMistake {
    const node = at.node ?? this.#places.get(at.path) ?? this.#nearestPlace(at.path);
    const { line, col } = this.#lines.linePos(node?.range?.[0] ?? 0);
    const base = { file: this.#file, line: Math.max(1, line), column: Math.max(1, col), path: at.path, message };
    return remedy === undefined ? base : { ...base, remedy };
  }

  /** A value that is not written (a default) is shown at the nearest thing around it that is. */
  #nearestPlace(path: string): Node | null {
    for (let end = path.lastIndexOf("."); end > 0; end = path.lastIndexOf(".", end - 1)) {
      const node = this.#places.get(path.slice(0, end));
      if (node !== undefined) return node;
    }
    return null;
  }
}

/** `a.b` or, for names that are not plain words, `a."70 01"`. */
export function joinPath(parent: string, name: string): string {
  const word = name !== "" && Array.from(name).every((c) => /[A-Za-z_-]/.test(c)) ? name : JSON.stringify(name);
  return parent === "" ? word : `${parent}.${word}`;
}

/** What kind of thing stands there, in the words of a message. */
export function kindOf(node: Node | null): string {
  if (node === null) return "nothing";
  if (!isScalar(node)) return node.constructor.name === "YAMLSeq" ? "a list" : "a map";
  const value: unknown = node.value;
  if (value === null) return "nothing";
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return `${value}`;
  return `the number ${writtenAs(node)}`;
}

/** A scalar as the file has it. */
export function writtenAs(node: Scalar): string {
  const value: unknown = node.value;
  if (node.source !== undefined) return node.source;
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : "";
}
