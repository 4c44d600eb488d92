// Moves the gateway's clock: a binary built with --enable-test-hooks adds the seconds in a file to its clocks, read again on SIGUSR2.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { source, standardWebhooks } from './sign.mjs';
import { until } from './wait.mjs';

const tolerance = 300;
const seconds = () => Math.floor(Date.now() / 1000);

export class MovedClock {
  // A source that tells us the gateway's time: it takes what is signed within the tolerance.
  static source = { 'clock-probe': source('standard-webhooks') };

  constructor(dir, now) {
    this.file = join(dir, 'clock');
    this.write(now);
  }

  get env() {
    return { HOOKLATCH_TEST_CLOCK: this.file };
  }

  write(now) {
    this.offset = now - seconds();
    writeFileSync(this.file, `${this.offset}\n`);
  }

  // The answer of ask(), asked within one second in which the gateway's clock shows `now`.
  async at(gateway, now, ask) {
    for (;;) {
      if (now - seconds() !== this.offset) {
        this.write(now);
        gateway.child.kill('SIGUSR2');
      }
      const { offset } = this;
      await this.shown(gateway, now);
      const answer = await ask();
      if (now - seconds() === offset) {
        return answer;
      }
    }
  }

  // Both ends of the window are taken: then it is exactly that second.
  shown(gateway, now) {
    return until(
      `the gateway's clock to show ${now}: is it built with --enable-test-hooks?`,
      async () => {
        if (now - seconds() !== this.offset) {
          return true;
        }
        const answers = await Promise.all(
          [now - tolerance, now + tolerance].map((at) =>
            gateway.post('clock-probe', '{"type":"probe"}', standardWebhooks('{"type":"probe"}', { at })),
          ),
        );
        return answers.every((answer) => answer.status === 200);
      },
      10,
    );
  }
}
