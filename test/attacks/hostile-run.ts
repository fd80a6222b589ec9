import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ROOT } from '../../scripts/local/environment.ts';
import { type Attack, heldIf } from './attack.ts';
import type { Rig } from './rig.ts';

/** A row of this group that runs a script, whose output is what the attacker got. */
const script = (name: string, make: (rig: Rig) => string, more: Partial<Attack> = {}): Attack => ({
  attacker: 'hostile run',
  name,
  run: async (rig) => heldIf(await rig.outputOf({ script: make(rig) })),
  ...more,
});

/** A row in which one run of a session and a workspace plants something, and a later run, which may only read, would execute it. */
const plant = (name: string, provider: 'claude' | 'grok', planting: string, harmless: string): Attack => ({
  attacker: 'hostile run',
  name: `plant ${name}, which a later run executes`,
  run: async (rig) => {
    const workspace = `planted-${randomUUID().slice(0, 8)}`;
    const { jobId } = await rig.hostile({
      provider,
      script: `${planting}; touch ready`,
      args: { ...rig.permitted[provider], workspace },
    });
    const { job } = await rig.owner.call('llm_job_status', { jobId });
    const prompt = `[mock:tool ${harmless}]`;
    const later = { workspace, sessionId: job?.sessionId, permissionMode: 'dontAsk', forceRefresh: true, syncDeadlineMs: 60_000 };
    const { answer, error } = await rig.owner.call(`${provider}_request`, { prompt, ...later });
    if (!answer?.text.includes('Tool said: ') && error?.code !== 'permission_required')
      throw new Error(`the later run said ${answer?.text}`);
    const found = await rig.outputOf({
      provider,
      script: 'ls ready executed 2>/dev/null',
      args: { ...rig.permitted[provider], workspace },
    });
    if (!found.includes('ready')) throw new Error(`nothing was planted: ${found}`);
    return heldIf(/executed\S*/.exec(found)?.[0] ?? '');
  },
});

/** A row in which a run takes all of something. It has to be ended with that reason, while another run continues. */
const exhaust = (name: string, bomb: string, reason: string): Attack => ({
  attacker: 'hostile run',
  name: `${name}, so that other runs end`,
  run: async (rig) => {
    const neighbor = rig.outputOf({ script: 'for i in $(seq 80); do sleep 0.1; done; echo done' });
    const { error } = await rig.hostile({ script: bomb });
    const said = await neighbor.catch(String);
    return heldIf(
      [error === reason ? '' : `it ended with ${error}`, said.includes('done') ? '' : `the other run: ${said}`].join(' '),
    );
  },
});

/** Creates the file by which a plant is seen. */
const TOUCH = 'touch $PWD/executed';

/** What a run tries to get at on the machine that it shares with the gateway. */
export const hostileRun: Attack[] = [
  script("read the owner's gateway token", ({ state }) => `cat ${join(state, 'gateway-token')} 2>/dev/null`, {
    modes: ['process'],
  }),
  {
    attacker: 'hostile run',
    name: "read the owner's gateway token as a careful request of Grok without options",
    modes: ['process'],
    run: async (rig) => {
      const { call } = await rig.clientWith(['jobs:read', 'jobs:run'], 'careful');
      const prompt = `[mock:tool cat ${join(rig.state, 'gateway-token')}]`;
      const { answer } = await call('grok_request', { prompt, syncDeadlineMs: 60_000 });
      return heldIf(answer?.text.includes(rig.gateway.settings.token) ? answer.text : '');
    },
  },
  script('read the project, where .dev.vars is', () => `ls ${ROOT}/package.json ${ROOT}/.dev.vars 2>/dev/null`, {
    modes: ['process'],
  }),
  script(
    'read the environment of process 1',
    () => "exec 2>/dev/null; tr '\\0' '\\n' < /proc/1/environ 2>/dev/null | grep -E 'TOKEN|KEY'",
  ),
  script(
    'find the executor by its environment or its memory',
    () =>
      "grep -lsa EXECUTOR_TOKEN= /proc/[0-9]*/environ; for pid in $(ls /proc | grep -E '^[0-9]+$'); do grep -qsa container/main.ts /proc/$pid/cmdline && head -c1 /proc/$pid/mem 2>&1 | grep -v -e denied -e error; done",
  ),
  plant('a start file of the shell', 'claude', `echo 'touch executed' > $HOME/.bashrc`, 'ls'),
  plant('a monitor of git', 'claude', `git init -q .; git config core.fsmonitor "${TOUCH}"`, 'git status'),
  plant(
    'a monitor of git in a nested repository',
    'grok',
    `git init -q a; git -C a config core.fsmonitor "touch $PWD/executed"`,
    'git -C a status',
  ),
  plant(
    'a filter of git',
    'claude',
    `git init -q .; echo a > f; git add f; git config filter.x.clean "${TOUCH}; cat"; echo '* filter=x' > .gitattributes; echo b > f`,
    'git diff',
  ),
  plant(
    'permissions of the CLI',
    'grok',
    `printf '[permission]\nallow = ["Bash(*)"]\n' > $HOME/.grok/config.toml`,
    `perl -e 'open F, ">executed"'`,
  ),
  plant(
    'hooks of the CLI',
    'claude',
    `mkdir -p $HOME/.claude .claude; echo '{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"${TOUCH}"}]}]}}' | tee $HOME/.claude/settings.json > .claude/settings.json`,
    'ls',
  ),
  script(
    'write to the system, to settings of the kernel and to devices',
    () =>
      'for f in /usr/planted /etc/planted /bin/planted /planted /dev/planted; do touch $f && echo $f; done 2>/dev/null; (echo core > /proc/sys/kernel/core_pattern) 2>/dev/null && echo kernel',
  ),
  script('read files that only root reads', () => 'cat /etc/shadow /proc/kmsg /proc/kcore 2>/dev/null | head -c 100'),
  script(
    'mount, in namespaces of its own too, or become root',
    () =>
      '(umount /proc; mount -t tmpfs x /mnt; unshare -m true; su -c id; sudo -n id) 2>/dev/null && echo succeeded; grep -E "Cap(Eff|Prm)" /proc/self/status | grep -v 0000000000000000',
  ),
  {
    attacker: 'hostile run',
    name: 'read the conversation, files and scratch directory of another run',
    run: async (rig) => {
      const secret = `secret-${randomUUID()}`;
      const where = await rig.outputOf({
        script: `echo ${secret} | tee note $HOME/note > $TMPDIR/note; echo $PWD $HOME $TMPDIR`,
      });
      const [, work, home, tmp] = /^(\S+) (\S+) (\S+)$/.exec(where.trim()) ?? [];
      const paths = [work, home, tmp].map((path) => `${path}/note`).join(' ');
      // The script holds the secret in two halves, so that it does not find itself.
      const [first, second] = [secret.slice(0, 20), secret.slice(20)];
      const look = `s=${first}; s=$s${second}; cat ${paths} 2>/dev/null; cat ${home}/.claude/projects/*/* 2>/dev/null; ls ${work} ${home} 2>/dev/null; grep -rslF -e "$s" /state /tmp /var /home /root 2>/dev/null | head -3`;
      return heldIf(await rig.outputOf({ script: look }));
    },
  },
  {
    attacker: 'hostile run',
    name: 'leave a process behind: in a new session, with other limits, without an environment',
    run: async (rig) => {
      const args = { ...rig.permitted.claude, workspace: `left-${randomUUID().slice(0, 8)}` };
      const loop = 'while :; do echo x >> $0; sleep 0.1; done';
      const hidden = `setsid prlimit --msgqueue=0:0 -- env -i bash -c '${loop}' $PWD/alive >/dev/null 2>&1 < /dev/null &`;
      await rig.outputOf({ script: `(${hidden}); until [ -s alive ]; do sleep 0.1; done; echo started`, args });
      const counted = await rig.outputOf({ script: 'a=$(wc -c < alive); sleep 1; b=$(wc -c < alive); echo $a $b', args });
      const [before, after] = counted.trim().split(' ');
      if (!Number(before)) throw new Error(`the process never ran: ${counted}`);
      return heldIf(before === after ? '' : `it wrote ${before}, then ${after} bytes`);
    },
  },
  exhaust('fork without end', 'f() { sleep 1000 & f; }; f', 'process_limit'),
  exhaust('allocate all memory', `perl -e 'push @a, "x" x 50000000 while 1'`, 'out_of_memory'),
  exhaust('fill the disk', 'while :; do head -c 20000000 /dev/zero >> big; done', 'disk_full'),
];
