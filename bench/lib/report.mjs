// Numbers as Markdown.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const sorted = (values) => [...values].sort((a, b) => a - b);
export const median = (values) => {
  const all = sorted(values);
  return all.length % 2 ? all[all.length >> 1] : (all[all.length / 2 - 1] + all[all.length / 2]) / 2;
};
const whole = (value) => Math.round(value).toLocaleString('en-US');
const spread = (values) => `${whole(median(values))} (${whole(Math.min(...values))}–${whole(Math.max(...values))})`;

export const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

function loadRow(entry, reference) {
  const of = (key) => entry.rounds.map((round) => round[key]);
  const failed = of('failed').reduce((a, b) => a + b, 0);
  return [
    entry.title + (failed ? ` (${whole(failed)} failed)` : ''),
    spread(of('rate')),
    reference ? `${(median(of('rate')) / reference).toFixed(2)} ×` : '–',
    median(of('p50')).toFixed(1),
    median(of('p99')).toFixed(1),
    whole(median(of('cpu'))),
    whole(median(of('peak'))),
    entry.stores ? 'yes' : 'no',
    entry.schema ? 'yes' : 'no',
  ];
}

export const verdict = (value, goal, least, lower) => {
  const reaches = (limit) => limit !== undefined && (lower ? value <= limit : value >= limit);
  return reaches(goal) ? 'goal' : least === undefined || reaches(least) ? 'below goal' : '**failure**';
};

// design: [what, measured, text, goal, least, lower is better]
function targetRows(results) {
  const entry = (title) => results.load.find((one) => one.title === title);
  const value = (title, key) =>
    entry(title)?.rounds.length ? median(entry(title).rounds.map((round) => round[key])) : undefined;
  const ours = value('hooklatch, empty store', 'rate');
  const peer = value('fastify + ajv, 1 process', 'rate');
  const full = results.load.find((one) => one.full);
  const [fullRate, fullCpu] = full?.rounds.length ? [value(full.title, 'rate'), value(full.title, 'cpu')] : [];
  const cpu = value('hooklatch, empty store', 'cpu');
  const p99 = value('hooklatch, empty store', 'p99');
  const { latency, pipeline, idle } = results;
  return [
    cpu && ['CPU per durable, verified, checked webhook', cpu, `${cpu.toFixed(0)} µs`, 50, 60, true],
    ours && peer && ['rate against fastify + ajv, 1 process', ours / peer, `${(ours / peer).toFixed(2)} ×`, 4, 3],
    ours &&
      fullRate && [
        `rate with ${whole(full.events)} events stored`,
        fullRate / ours,
        `${((fullRate / ours) * 100).toFixed(0)} %`,
        0.9,
        0.8,
      ],
    cpu &&
      fullCpu && [
        `CPU with ${whole(full.events)} events stored`,
        fullCpu / cpu,
        `${fullCpu.toFixed(0)} µs (${((fullCpu / cpu - 1) * 100).toFixed(0)} %)`,
        1.1,
        1.2,
        true,
      ],
    p99 && ['p99 of the answer, full load', p99, `${p99.toFixed(1)} ms`, 10, undefined, true],
    latency && [
      'event to first step call at 1,000/s, median',
      latency.sink.p50_us,
      `${(latency.sink.p50_us / 1000).toFixed(1)} ms`,
      2000,
      undefined,
      true,
    ],
    latency && [
      'event to first step call at 1,000/s, p99',
      latency.sink.p99_us,
      `${(latency.sink.p99_us / 1000).toFixed(1)} ms`,
      10000,
      undefined,
      true,
    ],
    pipeline && [
      'whole pipeline',
      pipeline.rate,
      `${whole(pipeline.rate)}/s (${whole(pipeline.done)} results of ${whole(pipeline.accepted)} webhooks taken at ${whole(pipeline.inRate)}/s, ${whole(pipeline.cpu)} µs each)`,
      5000,
      3000,
    ],
    idle && [
      `${whole(idle.open)} idle connections`,
      idle.rss,
      `${whole(idle.rss)} MiB (${whole(idle.before)} before)`,
      143,
      190,
      true,
    ],
  ]
    .filter(Boolean)
    .map(([what, measured, text, goal, least, lower]) => [what, text, verdict(measured, goal, least, lower)]);
}

export function markdown(results) {
  const reference = results.load.find((entry) => entry.title === 'fastify + ajv, 1 process');
  const base = reference?.rounds.length ? median(reference.rounds.map((round) => round.rate)) : undefined;
  const measured = results.load.filter((entry) => entry.rounds.length > 0);
  const parts = [
    table(['machine', ''], results.machine),
    `Full load: a signed GitHub push of ${whole(results.bytes)} bytes, 64 connections, 2 wrk threads, a random GUID as delivery id; in turns, ` +
      `${results.rounds} rounds of ${results.seconds} s, median (lowest–highest). CPU and memory are those of the server with its children.`,
    table(
      ['', 'webhooks/s', 'ratio', 'p50 ms', 'p99 ms', 'CPU µs each', 'peak MiB', 'on disk', 'schema'],
      measured.map((entry) => loadRow(entry, base)),
    ),
  ];
  const notes = [
    ...measured
      .filter((entry) => entry.version)
      .map((entry) => `- ${entry.title}: ${entry.version}${entry.note ? `; ${entry.note}` : ''}.`),
    ...results.leftOut.map(([name, why]) => `- Left out: ${name}: ${why.replace(/\.$/, '')}.`),
  ];
  parts.push(notes.join('\n'));
  const targets = targetRows(results);
  if (targets.length > 0) {
    parts.push(table(['target', 'measured', ''], targets));
  }
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

// Replaces what was measured before; what people wrote around it stays. by: what writes it, for who reads the marks.
export function writeInto(file, text, name = 'measured', by = 'bench/run.sh --write') {
  const [begin, end] = [`<!-- ${name}: written by ${by} -->`, `<!-- end of ${name} -->`];
  const block = `${begin}\n\n${text}\n${end}`;
  const old = existsSync(file) ? readFileSync(file, 'utf8') : `# Results\n\n${begin}\n${end}\n`;
  const [from, to] = [old.indexOf(begin), old.indexOf(end)];
  writeFileSync(
    file,
    from < 0 || to < from ? `${old.trimEnd()}\n\n${block}\n` : old.slice(0, from) + block + old.slice(to + end.length),
  );
}
