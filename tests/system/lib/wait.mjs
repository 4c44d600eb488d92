// Waiting for something to become true: asked again every few milliseconds, never a fixed sleep.
import { setTimeout as pause } from 'node:timers/promises';

// Sanitizers and slow machines: all limits of waiting are multiplied.
const patience = Number(process.env.HOOKLATCH_TEST_PATIENCE ?? 1);

// The first truthy answer of ask(), or an error that says what was waited for and the last answer.
export async function until(what, ask, seconds = 20) {
  const end = Date.now() + seconds * 1000 * patience;
  for (let last; ; await pause(15)) {
    last = await ask();
    if (last) {
      return last;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${seconds * patience} s in vain: ${typeof what === 'function' ? what() : what}`);
    }
  }
}

export const within = (what, promise, seconds = 20) => {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited ${seconds * patience} s in vain: ${what}`)),
      seconds * 1000 * patience,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};
