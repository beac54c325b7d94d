"use strict";
// Elements are made here and nowhere else: text becomes text nodes, so nothing of a model's is ever markup.

const SVG = "http://www.w3.org/2000/svg";

// What cannot be seen or turns the order of letters. Joiners and selectors that make one emoji of several stay.
const HIDDEN =
  /(?![\u200D\uFE0F])\p{DI}|(?<![\p{ExtPict}\p{EMod}\uFE0F])\u200D|(?<![\p{Emoji}])\uFE0F|[\p{Bidi_C}\p{Cs}\p{Zl}\p{Zp}]|(?![\n\t\r])\p{Cc}/gu;

const mark = (character) => `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;

/** The text with every invisible character written as ⟨U+202E⟩: for titles, options and addresses. */
const visible = (text) => String(text).replace(HIDDEN, mark);

/** The same as nodes, the marks set apart, in an element of which no direction leaks out. */
function shown(text, className = "") {
  const whole = make("bdi", { class: className });
  whole.append(...marked(text));
  return whole;
}

function marked(value) {
  const text = String(value);
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(HIDDEN)) {
    nodes.push(text.slice(end, found.index), make("span", { class: "hidden-character" }, mark(found[0])));
    end = found.index + found[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

const make = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

const find = (id) => document.getElementById(id);
const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}\u00A0%`; // no line breaks in it
const counted = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

function table(caption, heads, rows, className = "") {
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    make("table", { class: className, "aria-label": caption },
      make("thead", {}, make("tr", {}, heads)),
      make("tbody", {}, rows)));
}
