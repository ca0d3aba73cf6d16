/** What stands in place of a secret in a text that is shown. */
export const maskedSecret = "********";

const secretWords = ["pass", "pwd", "secret", "token", "key"];

/**
 * A URL or SIP URI with `maskedSecret` for the password in it, and for parameters that are called like one; any other text as it is. Rather
 * hides too much than too little: a password that lacks its percent signs may have an `@` or `/` in it.
 */
export function withoutCredentials(text: string): string {
  const colon = text.indexOf(":");
  const scheme = text.slice(0, Math.max(0, colon)).toLowerCase();
  const slashes = text.startsWith("//", colon + 1);
  if (colon < 1 || (!slashes && scheme !== "sip" && scheme !== "sips")) return text;
  const start = colon + (slashes ? 3 : 1);
  const end = text.lastIndexOf("@");
  const password = end < start ? -1 : text.indexOf(":", start);
  const hidden =
    password < 0 || password > end ? text : `${text.slice(0, password + 1)}${maskedSecret}${text.slice(end)}`;
  return withoutSecretParameters(hidden);
}

/** `?a=b&password=x` → `?a=b&password=********`. */
function withoutSecretParameters(url: string): string {
  const query = url.indexOf("?");
  if (query < 0) return url;
  const parameters = url.slice(query + 1).split("&");
  return `${url.slice(0, query + 1)}${parameters.map(parameterShown).join("&")}`;
}

function parameterShown(parameter: string): string {
  const equals = parameter.indexOf("=");
  const name = parameter.slice(0, Math.max(0, equals)).toLowerCase();
  return secretWords.some((word) => name.includes(word))
    ? `${parameter.slice(0, equals + 1)}${maskedSecret}`
    : parameter;
}
