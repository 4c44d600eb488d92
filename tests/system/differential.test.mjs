// Random schemas and values (JSON Schema 2020-12), each judged three times: by `hooklatch validate --batch`, by ajv,
// and by the specification (lib/judge.mjs). Ours must agree with the specification always; ajv too, but for what it is
// known to do differently: each such thing has a name in lib/deviations.mjs, and minimal cases in
// tests/unit/schema/disagreements.c.
//
// HOOKLATCH_DIFFERENTIAL_SEED and HOOKLATCH_DIFFERENTIAL_COUNT (of pairs) are for long runs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { deviationsOf } from './lib/deviations.mjs';
import { isMultiple, Judge } from './lib/judge.mjs';
import { pairs, Random, text } from './lib/schemas.mjs';
import { shrunk } from './lib/shrink.mjs';

const seed = Number(process.env.HOOKLATCH_DIFFERENTIAL_SEED ?? 1);
const wanted = Number(process.env.HOOKLATCH_DIFFERENTIAL_COUNT ?? 3000);
const instancesEach = 8;
const roundOf = 2000; // lines written before their answers are read
const complaintsMost = 5;

// One process for all lines.
class Ours {
  #process = spawn(process.env.HOOKLATCH ?? 'hooklatch', ['validate', '--batch'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  #answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();

  async ask(lines) {
    this.#process.stdin.write(`${lines.join('\n')}\n`);
    const answers = [];
    while (answers.length < lines.length) {
      const { value, done } = await this.#answers.next();
      assert.ok(!done, `hooklatch ended at: ${lines[answers.length]}`);
      answers.push(value);
    }
    return answers;
  }

  async end() {
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    assert.deepEqual(await ended, [0, null]);
  }
}

// ajv divides as doubles do (V 6.2.1): multipleOf is counted exactly here. allErrors: without it there are more
// deviations.
const ajv = new Ajv2020({
  strict: false,
  validateFormats: false,
  validateSchema: false,
  meta: false,
  logger: false,
  ownProperties: true,
  allErrors: true,
});
const exactly = (of, value) => isMultiple(value, of);
ajv.removeKeyword('multipleOf');
ajv.addKeyword({ keyword: 'multipleOf', type: 'number', schemaType: 'number', validate: exactly });

function theirs(schema) {
  ajv.removeSchema(); // all of them: names come again
  try {
    return ajv.compile(schema);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function askTheirs(validate, instance) {
  try {
    return String(validate(instance));
  } catch (error) {
    return `threw ${error.message}`;
  }
}

function round(r, count) {
  const questions = [];
  while (questions.length < count) {
    const { document, instances } = pairs(r, instancesEach);
    const schema = text(r, document);
    const validate = theirs(JSON.parse(schema));
    for (const { instance, valid } of instances) {
      const instanceText = text(r, instance);
      questions.push({
        line: `{"schema":${schema},"instance":${instanceText}}`,
        schema: document,
        instance,
        verdict: String(valid),
        theirs: askTheirs(validate, JSON.parse(instanceText)),
      });
    }
  }
  return questions;
}

const verdictOf = ({ schema, instance }) => String(new Judge(schema).valid(instance));

// In the fewest words, so that it can be kept.
async function complaint({ line, verdict, schema, instance }, who, answer, ask) {
  const smallest = await shrunk({ schema, instance }, async (candidate) => {
    const said = await ask(candidate);
    return said !== verdictOf(candidate) && said.startsWith('error') === answer.startsWith('error');
  });
  return `${who} says ${answer}, the specification ${verdict}: ${line}\n  in short: ${JSON.stringify(smallest)}`;
}

test(`random schemas and values: seed ${seed}, ${wanted} pairs`, async (t) => {
  const r = new Random(seed);
  const ours = new Ours();
  const complaints = [];
  const excused = new Map();
  let valid = 0;
  for (let done = 0; done < wanted && complaints.length === 0; ) {
    const questions = round(r, Math.min(roundOf, wanted - done));
    const answers = await ours.ask(questions.map(({ line }) => line));
    for (const [i, question] of questions.entries()) {
      const { verdict, theirs: said } = question;
      valid += verdict === 'true';
      if (answers[i] !== verdict && complaints.length < complaintsMost) {
        const ask = async (candidate) => (await ours.ask([JSON.stringify(candidate)]))[0];
        complaints.push(await complaint(question, 'hooklatch', answers[i], ask));
      }
      if (said === verdict) {
        continue;
      }
      const known = said.startsWith('threw') ? ['it throws'] : deviationsOf(question);
      for (const name of known) {
        excused.set(name, (excused.get(name) ?? 0) + 1);
      }
      if (known.length === 0 && complaints.length < complaintsMost) {
        const ask = (candidate) =>
          deviationsOf(candidate).length > 0
            ? verdictOf(candidate)
            : String(theirs(candidate.schema)(JSON.parse(JSON.stringify(candidate.instance))));
        complaints.push(await complaint(question, 'ajv', said, ask));
      }
    }
    done += questions.length;
  }
  await ours.end();
  t.diagnostic(`${valid} of ${wanted} are valid; ajv differs where it is known to: ${JSON.stringify([...excused])}`);
  assert.equal(complaints.length, 0, complaints.join('\n'));
  assert.ok(valid > wanted * 0.3 && valid < wanted * 0.7);
});
