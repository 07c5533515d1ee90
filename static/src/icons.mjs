// Build static/icons.svg: one <symbol> for each icon that templates, the status language or a tag names.
// Run by `npm run icons`; tests/core/test_static.py proves that the committed sprite is complete.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const lucide = join(root, "node_modules", "lucide-static");
const version = JSON.parse(readFileSync(join(lucide, "package.json"))).version;

// Drawn by us: a tier is one, two or three bars; a node of a track may hold a bare question mark.
const own = {
  "tier-1": '<path d="M5 19v-4" stroke-width="4"/><path d="M12 19v-8M19 19V7" stroke-width="4" opacity=".28"/>',
  "tier-2": '<path d="M5 19v-4M12 19v-8" stroke-width="4"/><path d="M19 19V7" stroke-width="4" opacity=".28"/>',
  "tier-3": '<path d="M5 19v-4M12 19v-8M19 19V7" stroke-width="4"/>',
  "question": '<path d="M8 8.500a4 4 0 1 1 5.600 3.700c-1 .5-1.600 1.300-1.600 2.300v.500"/><path d="M12 19.500v.01"/>',
};

const patterns = [
  /\{%\s*icon\s+"([a-z0-9-]+)"/g, // {% icon "name" %}
  /\bicon="([a-z0-9-]+)"/g, // {% include … with icon="name" %}
  /\bnav_link\s+"[^"]*"\s+"([a-z0-9-]+)"/g,
];
const names = new Set(Object.keys(own));
const walk = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)],
  );
for (const file of walk(join(root, "templates")).filter((name) => name.endsWith(".html"))) {
  const text = readFileSync(file, "utf8");
  for (const pattern of patterns) for (const match of text.matchAll(pattern)) names.add(match[1]);
}
// Python that names an icon for a template does so on a line that says "icon".
const drawn = new Set(readdirSync(join(lucide, "icons")).map((file) => file.replace(/\.svg$/, "")));
for (const file of ["catalog", "registry"].flatMap((app) => walk(join(root, app))).filter((name) => name.endsWith(".py"))) {
  for (const line of readFileSync(file, "utf8").split("\n").filter((text) => /\bicon\b/.test(text))) {
    for (const [, name] of line.matchAll(/"([a-z0-9-]+)"/g)) if (drawn.has(name)) names.add(name);
  }
}
const language = readFileSync(join(root, "core", "status_language.py"), "utf8");
for (const match of language.matchAll(/(?:Look|Mark)\("([a-z0-9-]+)"|icon="([a-z0-9-]+)"/g)) names.add(match[1] ?? match[2]);

const drawing = (name) => {
  if (own[name]) return own[name];
  const svg = readFileSync(join(lucide, "icons", `${name}.svg`), "utf8");
  return /<svg[^>]*>([\s\S]*)<\/svg>/.exec(svg)[1].replace(/\s+/g, " ").replaceAll("> <", "><").trim();
};
const symbols = [...names].sort().map((name) => `<symbol id="${name}" viewBox="0 0 24 24">${drawing(name)}</symbol>`);
const notice = `Lucide ${version}, ISC license, Copyright (c) Lucide Icons and Contributors (portions MIT, Copyright (c) Cole Bemis, Feather); ${Object.keys(own).join(", ")} are our own. Only the icons used.`;
writeFileSync(
  process.argv[2] ?? join(root, "static", "icons.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg">\n<!-- ${notice} -->\n${symbols.join("\n")}\n</svg>\n`,
);
