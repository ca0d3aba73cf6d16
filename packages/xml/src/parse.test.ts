import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { childElements, childNamed, defaultXmlLimits, parseXml, textOf, type XmlElement, xmlLang } from "./index.ts";

function read(text: string | Uint8Array): XmlElement {
  const result = parseXml(text);
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  return result.value;
}

function codeOf(text: string | Uint8Array, limits?: Parameters<typeof parseXml>[1]): string {
  const result = parseXml(text, limits);
  return result.ok ? "read" : result.error.code;
}

test("a document becomes elements with local name, prefix and namespace", () => {
  const root = read('<msml version="1.1" xmlns:rec="urn:x"><rec:recorder state="start"/> text</msml>');
  assert.equal(root.name, "msml");
  assert.equal(root.attributes.get("version"), "1.1");
  assert.equal(root.attributes.has("xmlns:rec"), false);
  const recorder = childElements(root)[0];
  assert.deepEqual([recorder?.name, recorder?.prefix, recorder?.ns], ["recorder", "rec", "urn:x"]);
  assert.equal(textOf(root), "text");
});

test("attributes in a namespace have a key of their own, xml:lang included", () => {
  const root = read('<a xmlns:p="urn:p" p:id="1" id="2" xml:lang="it"/>');
  assert.equal(root.attributes.get("{urn:p}id"), "1");
  assert.equal(root.attributes.get("id"), "2");
  assert.equal(root.attributes.get(xmlLang), "it");
});

test("text, CDATA, the five entities and character references are one text", () => {
  assert.equal(textOf(read("<a>x &lt;&amp;&#65;<!-- no --><![CDATA[<b>]]></a>")), "x <&A<b>");
});

test("forgiven: byte order mark, blank lines before the declaration, an undeclared prefix", () => {
  assert.equal(read('\ufeff\r\n<?xml version="1.0" encoding="US-ASCII"?><a/>').name, "a");
  assert.equal(read(Buffer.from("\ufeff<a/>")).name, "a");
  const child = childNamed(read("<a><cvd:b c='1'/></a>"), "b");
  assert.deepEqual([child?.prefix, child?.ns], ["cvd", ""]);
});

test("refused where it is asked for: an undeclared prefix, of an element or an attribute", () => {
  for (const text of ["<a><cvd:b/></a>", "<a cvd:b='1'/>"]) {
    const result = parseXml(text, defaultXmlLimits, { undeclaredPrefixes: "refused" });
    assert.equal(result.ok ? "read" : result.error.code, "syntax", text);
  }
  assert.ok(parseXml("<a xmlns:p='u'><p:b p:c='1'/></a>", defaultXmlLimits, { undeclaredPrefixes: "refused" }).ok);
});

test("refused: DOCTYPE, processing instructions, other encodings, bad UTF-8", () => {
  assert.equal(codeOf('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'), "forbidden");
  assert.equal(codeOf("<a><?php x?></a>"), "forbidden");
  assert.equal(codeOf('<?xml version="1.0" encoding="UTF-16"?><a/>'), "forbidden");
  assert.equal(codeOf(Buffer.from([0x3c, 0x61, 0xff, 0x2f, 0x3e])), "syntax");
});

test("refused: what is not well-formed", () => {
  for (const text of [
    "",
    "   ",
    "text",
    "<a>",
    "<a></b>",
    "<a b='1' b='2'/>",
    "<a/><b/>",
    "<a>&undefined;</a>",
    "<a b=1/>",
  ]) {
    assert.equal(codeOf(text), "syntax", text);
  }
});

test("limits: size, depth, elements, attributes, text are each enforced", () => {
  const limits = { size: 300, depth: 3, elements: 5, attributes: 2, text: 10 };
  assert.equal(codeOf(`<a>${" ".repeat(300)}</a>`, limits), "limit");
  assert.equal(codeOf("<a><a><a/></a></a>", limits), "read");
  assert.equal(codeOf("<a><a><a><a/></a></a></a>", limits), "limit");
  assert.equal(codeOf("<a><b/><b/><b/><b/></a>", limits), "read");
  assert.equal(codeOf("<a><b/><b/><b/><b/><b/></a>", limits), "limit");
  assert.equal(codeOf("<a b='' c=''/>", limits), "read");
  assert.equal(codeOf("<a b='' c='' d=''/>", limits), "limit");
  assert.equal(codeOf("<a>0123456789</a>", limits), "read");
  assert.equal(codeOf("<a>0123456789<![CDATA[x]]></a>", limits), "limit");
  assert.equal(codeOf("<a b='0123456789x'/>", limits), "limit");
});

test("wire input never throws, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 64 }), (text, bytes) => {
      parseXml(text);
      parseXml(`<a>${text}</a>`);
      parseXml(bytes);
    }),
    { numRuns: 300 },
  );
});
