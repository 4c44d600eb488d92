// Runs of workflows, as the API tells them.
import { until } from './wait.mjs';
import { api, runIsOver } from './words.mjs';

// The one run of that event, when it has ended.
export const ended = (gateway, event, seconds) =>
  until(
    `the run of ${event} to end`,
    async () => {
      const run = (await gateway.list(api.runsOf(event)))[0];
      return run && runIsOver(run) && gateway.get(api.run(run.id));
    },
    seconds,
  );
