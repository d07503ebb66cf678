/** Checks the signed report of a failover drill: who signed it, by which authority, and that nothing was changed since. */
import { readFile } from 'node:fs/promises';
import { decoder } from '../../protocol/decode.ts';
import { type DrillReport, SealedReport } from '../../protocol/drill.ts';
import { FaultError } from '../../protocol/fault.ts';
import { checkSeal } from '../../protocol/node/seal.ts';

/** A long drill in a large meeting: every room, every fault. */
const sealed = decoder(SealedReport, { maxBytes: 16 * 1024 * 1024, maxDepth: 16 });

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new FaultError({ code: 'unreachable', what: path, because: (error as Error).message });
  }
}

/** What the report says, in lines. @throws FaultError `input.invalid` when it is no report, was changed, or is not signed by a central of this authority. */
export async function verifyReport(file: string, ca: string): Promise<string> {
  const decoded = sealed.decode(await read(file));
  if (!decoded.ok) throw new FaultError(decoded.fault);
  const { report, seal } = decoded.value;
  const checked = checkSeal(report, seal, (await read(ca)).toString('utf8'), report.signOff.at);
  if (!checked.ok) throw new FaultError(checked.fault);
  return [`good: signed by ${checked.value.node}, unchanged since ${new Date(report.signOff.at).toISOString()}`, ...summary(report)].join(
    '\n',
  );
}

function summary({ drill, title, signOff }: DrillReport): readonly string[] {
  const { name, by, remark } = signOff;
  return [
    `drill ${drill.id} by ${drill.by}, ${new Date(drill.orderedAt).toISOString()}, in ${JSON.stringify(title)}: ${drill.verdict ?? drill.state}`,
    ...drill.steps.map(({ fault, node, state, figures }) => {
      const told = figures.map((each) => `${each.name} of ${each.of} ${each.max ?? '-'} (goal ${each.goal})`).join(', ');
      return `  ${fault} at ${node ?? '-'}: ${state}${told === '' ? '' : `: ${told}`}`;
    }),
    `confirmed by ${name} (${by})${remark === '' ? '' : `: ${remark}`}`,
  ];
}
