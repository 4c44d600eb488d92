// What runs on this machine, by /proc.
import { readdirSync, readFileSync } from 'node:fs';
import { until } from './wait.mjs';

export const childrenOf = (parent) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]) === parent;
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);

// Processes whose command line holds the mark.
export function marked(mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.includes(mark) && !command.includes('.test.mjs');
      } catch {
        return false;
      }
    });
}
export const gone = (mark) => until(() => `processes of ${mark} to be gone: ${marked(mark)}`, () => marked(mark).length === 0);
