import { readFileSync, statSync } from "node:fs";
import {
  type ConfigMistake,
  type LoadOptions,
  maxFileBytes,
  secretsOf,
  type ShownConfig,
  showConfig,
} from "@sidetone/config";
import { errorText } from "@sidetone/foundation";

/** What a check of a text found. */
export interface TextCheck {
  readonly mistakes: readonly ConfigMistake[];
  readonly warnings: readonly ConfigMistake[];
  /** Files and environment variables that the text names and the file in use does not: they were not looked at. */
  readonly notLookedAt: readonly string[];
}

/** Reads the configuration for the console's page. Takes its time with large files: lives in a thread of its own. */
export class ConfigReader {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** The file as it is now, with masks. */
  shown(): ShownConfig {
    const text = this.#text();
    return typeof text === "string"
      ? showConfig(text, this.#file)
      : { text: undefined, mistakes: [text], warnings: [] };
  }

  /** A text that may take the file's place; masks stand for the file's secrets. */
  check(text: string): TextCheck {
    const now = this.#text();
    const known = typeof now === "string" ? surroundingsOf(now, this.#file) : nothingKnown;
    const secrets = typeof now === "string" ? secretsOf(now, this.#file) : new Map<string, string>();
    const notLookedAt = new Set<string>();
    const { mistakes, warnings } = showConfig(text, this.#file, {
      unchanged: (path) => secrets.get(path),
      ...restricted(known, notLookedAt),
    });
    return { mistakes, warnings, notLookedAt: Array.from(notLookedAt) };
  }

  #text(): string | ConfigMistake {
    try {
      if (statSync(this.#file).size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`);
      return readFileSync(this.#file, "utf8");
    } catch (error) {
      const message = `cannot be read: ${errorText(error)}.`;
      return { file: this.#file, line: 1, column: 1, path: "", message };
    }
  }
}

interface Known {
  readonly files: ReadonlyMap<string, string>;
  readonly names: ReadonlyMap<string, string | undefined>;
}

const nothingKnown: Known = { files: new Map(), names: new Map() };

/** The files and variables that hold secrets of the file in use. */
function surroundingsOf(text: string, file: string): Known {
  const files = new Map<string, string>();
  const names = new Map<string, string | undefined>();
  secretsOf(text, file, {
    readFile: (path) => {
      const content = readFileSync(path, "utf8");
      files.set(path, content);
      return content;
    },
    env: watched(process.env, (name, value) => {
      names.set(name, value);
      return value;
    }),
  });
  return { files, names };
}

/** Whoever may check a text must not learn by it what stands elsewhere on this machine, not even that it is there. */
function restricted({ files, names }: Known, notLookedAt: Set<string>): Pick<LoadOptions, "readFile" | "env"> {
  return {
    readFile: (path) => {
      const content = files.get(path);
      if (content === undefined) notLookedAt.add(path);
      return content ?? anySecret;
    },
    env: watched({}, (name) => {
      const value = names.get(name);
      if (value === undefined) notLookedAt.add(name);
      return value ?? anySecret;
    }),
  };
}

/** Long enough for every check of a secret's length. */
const anySecret = "not looked at by the check of a text";

function watched(
  env: Readonly<Record<string, string | undefined>>,
  read: (name: string, value: string | undefined) => string | undefined,
): Readonly<Record<string, string | undefined>> {
  return new Proxy(env, {
    get: (target, name) => (typeof name === "string" ? read(name, target[name]) : undefined),
  });
}
