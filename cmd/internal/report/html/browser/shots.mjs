// shots.mjs REPORTS PICTURES: takes the pictures of docs/screenshots from the reports in
// a folder, "NAME.html" each, as WebP.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { desktop, open, phone, start } from "./open.mjs";

const [reports, pictures] = process.argv.slice(2);

const shots = [
  { name: "report-blocked", of: "whatsapp-denied-and-dropped" },
  { name: "report-throttled", of: "shaped-after-burst" },
  { name: "report-dark", of: "whatsapp-reset-race", colorScheme: "dark" },
  { name: "report-phone", of: "telegram-policed", size: phone },
  { name: "report-ladder", of: "whatsapp-reset-race", from: ".finding[open]", most: 740 },
  { name: "report-rate", of: "shaped-after-burst", size: { width: 1000, height: 800 }, from: ".plotted + .plotted", to: ".plotted + .plotted + .plotted + .plotted" },
];

// between is where on the page something begins and ends: both are the first element that
// matches, and no more of it than so many pixels of height.
function between({ from, to, most = 2000 }) {
  const begin = document.querySelector(from).getBoundingClientRect();
  const end = document.querySelector(to || from).getBoundingClientRect();
  return { x: begin.x + scrollX - 8, y: begin.y + scrollY - 4, width: begin.width + 16, height: Math.min(end.bottom - begin.y + 8, most) };
}

// webp writes a picture anew, at a quality at which text stays sharp and is a third as large.
async function webp(browser, png) {
  const page = await browser.newPage();
  const url = await page.evaluate(async (data) => {
    const picture = new Image();
    picture.src = data;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    return canvas.toDataURL("image/webp", 0.85);
  }, "data:image/png;base64," + png.toString("base64"));
  await page.close();
  return Buffer.from(url.split(",")[1], "base64");
}

await start(async (browser) => {
  for (const s of shots) {
    const { page, close } = await open(browser, path.join(reports, s.of + ".html"), { size: s.size || desktop, colorScheme: s.colorScheme });
    const clip = s.from && await page.evaluate(between, s);
    const picture = await webp(browser, await page.screenshot(clip ? { clip, fullPage: true } : {}));
    await writeFile(path.join(pictures, s.name + ".webp"), picture);
    process.stdout.write(s.name + ".webp " + picture.length + "\n");
    await close();
  }
});
