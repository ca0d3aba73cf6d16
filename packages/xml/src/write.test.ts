import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { element, escapeXml, parseXml, writeXml, type XmlElement, xmlLang } from "./index.ts";

test("what is written is read back: elements, attributes, text, namespaces", () => {
  const doc = element("recording", {
    ns: "urn:one",
    attributes: { id: "a\"<&>'\n\t" },
    children: [
      element("name", { ns: "urn:one", attributes: { [xmlLang]: "it" }, children: ["Zoë <&> \u{1f600}"] }),
      element("extra", {
        ns: "urn:two",
        prefix: "s",
        attributes: { "{urn:three}x": "1" },
        children: [element("plain")],
      }),
    ],
  });
  const text = writeXml(doc);
  assert.match(text, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<recording xmlns="urn:one"/);
  assert.match(text, /<plain xmlns=""\/>/);
  const back = parseXml(text);
  assert.ok(back.ok);
  assert.deepEqual(withoutPrefixes(back.value), withoutPrefixes(doc));
});

test("a namespace that is in scope is not declared again", () => {
  const inner = element("b", { ns: "urn:x", prefix: "p" });
  const text = writeXml(element("a", { ns: "urn:x", prefix: "p", children: [inner] }), { declaration: false });
  assert.equal(text, '<p:a xmlns:p="urn:x"><p:b/></p:a>');
});

test("characters that XML cannot carry become U+FFFD", () => {
  assert.equal(escapeXml("a\u0000b\ud800c\uffff"), "a\ufffdb\ufffdc\ufffd");
  assert.equal(escapeXml("]]>"), "]]&gt;");
});

test("an element name that is no name is a programmer's mistake", () => {
  assert.throws(() => writeXml(element("a b")), { code: "xml-name" });
  assert.throws(() => writeXml(element("a", { attributes: { 'b="1" c': "" } })), { code: "xml-name" });
});

test("any text survives as content and as attribute value", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const written = writeXml(element("a", { attributes: { t: text }, children: [`|${text}|`] }));
      const back = parseXml(written);
      assert.ok(back.ok);
      assert.equal(back.value.attributes.get("t"), text);
      assert.deepEqual(back.value.children, [`|${text}|`]);
    }),
    { numRuns: 200 },
  );
});

function withoutPrefixes(el: XmlElement): unknown {
  return {
    name: el.name,
    ns: el.ns,
    attributes: Array.from(el.attributes),
    children: el.children.map((child) => (typeof child === "string" ? child : withoutPrefixes(child))),
  };
}
