import { fail, ok, parseRfc3339 } from "@sidetone/foundation";
import type { Result } from "@sidetone/foundation";
import { parseUri } from "../message/index.ts";

/** Event package by which a Resource Manager tells of its resources (contract: loss of a resource). */
export const RESOURCE_EVENT = "sidetone-resource";
/** Type of its documents. */
export const RESOURCE_STATE_TYPE = "application/vnd.sidetone.resource+json";

/** One resource. */
export interface ResourceStateEntry {
  /** SIP URI as configured at the Resource Manager: host and port are those of the resource's Contact. */
  readonly resource: string;
  readonly group: string;
  readonly service: "msml" | "recording-server";
  /** `up` also before the first answer; `lost`: what lives there is gone; `withdrawn`: no new sessions, running ones finish. */
  readonly state: "up" | "lost" | "withdrawn";
  /** Why, in words for people; empty while all is well. */
  readonly reason: string;
  /** RFC 3339. */
  readonly since: string;
}

/** A document of the package. */
export interface ResourceStateDocument {
  /** True: these are all resources. False: the one that changed. */
  readonly full: boolean;
  readonly resources: readonly ResourceStateEntry[];
}

/** Resources of one document that are read. */
const MAX_RESOURCES = 10_000;
const MAX_TEXT = 1_000;

/** Writes a document. */
export function formatResourceState(document: ResourceStateDocument): string {
  const { full, resources } = document;
  return JSON.stringify({
    full,
    resources: resources.map(({ resource, group, service, state, reason, since }) => ({
      resource,
      group,
      service,
      state,
      reason,
      since,
    })),
  });
}

/** Reads a document. What a newer Resource Manager adds to an entry is left out; an entry that we cannot read fails the whole. */
export function parseResourceState(text: string): Result<ResourceStateDocument> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail("no JSON");
  }
  if (!isObject(json)) return fail("no object");
  const { full, resources } = json;
  if (typeof full !== "boolean" || !Array.isArray(resources)) return fail("full or resources is missing");
  if (resources.length > MAX_RESOURCES) return fail("too many resources");
  const entries: ResourceStateEntry[] = [];
  for (const [i, value] of (resources as unknown[]).entries()) {
    const entry = readEntry(value);
    if (entry === undefined) return fail(`resource ${i} cannot be read`);
    entries.push(entry);
  }
  return ok({ full, resources: entries });
}

function readEntry(value: unknown): ResourceStateEntry | undefined {
  if (!isObject(value)) return undefined;
  const { resource, group, service, state, reason, since } = value;
  if (!isText(resource) || !parseUri(resource).ok || !isText(group) || !isText(reason) || !isText(since))
    return undefined;
  if (service !== "msml" && service !== "recording-server") return undefined;
  if (state !== "up" && state !== "lost" && state !== "withdrawn") return undefined;
  if (parseRfc3339(since) === undefined) return undefined;
  return { resource, group, service, state, reason, since };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_TEXT;
}
