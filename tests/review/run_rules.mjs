// The page's rules over vectors that Python wrote: node run_rules.mjs RULES_FOLDER IN.json OUT.json
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, source, target] = process.argv.slice(2);
const load = (name) => import(`${pathToFileURL(folder).href}/${name}.js`);
const { measure } = await load("measure");
const { areNamesSettled, bodiesOf } = await load("bodies");
const { sentence } = await load("sentence");
const { patientFromPixel, pixelFromPatient } = await load("straight");

const given = JSON.parse(readFileSync(source, "utf8"));
const number = (x) => (x === null ? NaN : x);
const measured = (given.scans ?? []).map((bodies) => {
  const read = bodies.map((body) => ({ ...body, sd: body.sd.map((pair) => pair.map(number)) }));
  const findings = measure(read, given.rules);
  return { sentence: sentence(findings, given.rules), findings: findings.map(({ body, ...rest }) => rest) };
});
const reviewed = (given.reviews ?? []).map(({ model, vertebrae }) => {
  const findings = measure(bodiesOf(model, vertebrae, given.rules), given.rules);
  const sure = findings.map(({ body }) => body.levelConfidence);
  const plain = findings.map(({ body, ...rest }) => rest);
  return { sentence: sentence(findings, given.rules), findings: plain, sure, settled: areNamesSettled(model, vertebrae) };
});
const mapped = (given.spines ?? []).map(({ rows, pixels, lateral, points }) => ({
  points: pixels.map((pixel, i) => patientFromPixel(rows, pixel, lateral[i])),
  back: points.map((point) => pixelFromPatient(rows, point)),
}));
writeFileSync(target, JSON.stringify({ measured, reviewed, mapped }));
