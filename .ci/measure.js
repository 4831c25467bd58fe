// Measures a report from outside: the page may run no script of its own, so it is looked at in a frame.
//
// Owns the numbers. Refuses to judge them: that is .ci/page. Each line is a word and what was measured.
"use strict";

function say(...parts) {
  document.getElementById("told").append(parts.join(" ") + "\n");
}

/** A computed colour as [red, green, blue, alpha], each from 0 to 1. */
function colour(text) {
  const numbers = text.match(/[\d.]+(e-?\d+)?/g).map(Number);
  const scale = text.startsWith("color(") ? 1 : 255;
  return [numbers[0] / scale, numbers[1] / scale, numbers[2] / scale, numbers.length > 3 ? numbers[3] : 1];
}

function over(top, below) {
  const alpha = top[3];
  return [0, 1, 2].map((i) => top[i] * alpha + below[i] * (1 - alpha)).concat(1);
}

/** Relative luminance, as WCAG 2 defines it. */
function luminance(rgb) {
  const linear = rgb.slice(0, 3).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

/** What may be behind an element: its nearest backgrounds, one for each colour of a gradient. */
function backgrounds(win, element, canvas) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const style = win.getComputedStyle(at);
    const stops = style.backgroundImage.match(/(rgba?|color)\([^)]*\)/g) || [];
    layers.push([colour(style.backgroundColor), ...stops.map(colour)]);
  }
  let behind = [canvas];
  for (const layer of layers.reverse()) {
    const [flat, ...stops] = layer;
    behind = behind.map((below) => over(flat, below));
    behind = behind.concat(stops.flatMap((stop) => behind.map((below) => over(stop, below))));
  }
  return behind;
}

/** How opaque an element is, all that it stands in included. */
function opacity(win, element) {
  let product = 1;
  for (let at = element; at; at = at.parentElement) product *= Number(win.getComputedStyle(at).opacity);
  return product;
}

/** Texts that can be seen, each with its element and its place. */
function* texts(doc) {
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || ["STYLE", "title", "desc"].includes(element.tagName)) continue;
    const range = doc.createRange();
    range.selectNodeContents(node);
    const place = range.getBoundingClientRect();
    if (place.width > 0 && place.height > 0) yield [node.data.trim().slice(0, 40), element, place];
  }
}

function measure() {
  const frame = document.getElementById("page");
  const [win, doc] = [frame.contentWindow, frame.contentDocument];
  const first = doc.querySelector("#verdicts")?.closest("section").querySelector("tbody tr, .note:last-child");
  say("FIRST", Math.ceil(first ? first.getBoundingClientRect().bottom : 1e9));
  say("TALL", doc.documentElement.scrollHeight);
  // From here on with everything unfolded: what can be opened must be legible too.
  for (const details of doc.querySelectorAll("details")) details.open = true;
  say("DARK", win.matchMedia("(prefers-color-scheme: dark)").matches);
  say("WIDE", doc.documentElement.scrollWidth);
  say("ORDER", [...doc.querySelectorAll("h2")].map((heading) => heading.id).join(" "));
  for (const heading of doc.querySelectorAll("h2")) {
    const section = heading.closest("section");
    say("SECTION", heading.id, section.innerText.trim().length - heading.innerText.trim().length);
  }
  const canvas = win.matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0, 1] : [1, 1, 1, 1];
  let [smallest, palest, count] = [[1e9], [1e9], 0];
  for (const [text, element, place] of texts(doc)) {
    count += 1;
    const style = win.getComputedStyle(element);
    const isDrawn = element instanceof win.SVGElement;
    const scale = isDrawn ? Math.abs(element.getScreenCTM().d) : 1;
    const px = parseFloat(style.fontSize) * scale;
    if (px < smallest[0]) smallest = [px, text];
    const ink = colour(isDrawn ? style.fill : style.color);
    ink[3] *= opacity(win, element);
    for (const behind of backgrounds(win, element, canvas)) {
      const ratio = contrast(over(ink, behind), behind);
      if (ratio < palest[0]) palest = [ratio, text];
    }
    const scrolls = element.closest(".scroll, pre");
    const right = place.right + win.scrollX;
    if (!scrolls && (right > win.innerWidth + 1 || place.left < -1)) say("CUT", text);
  }
  say("TEXTS", count);
  say("SMALLEST", smallest[0].toFixed(2), smallest[1]);
  say("PALEST", palest[0].toFixed(2), palest[1]);
}

addEventListener("load", measure);
