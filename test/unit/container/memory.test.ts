import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { memoryShare, readMemory } from '../../../container/containment/memory.ts';

const EVENTS = ['low 0', 'max 7', 'oom 3', 'oom_kill 2', 'oom_group_kill 0', ''].join('\n');
const NO_LIMIT = '9223372036854771712\n';

const MACHINES: Record<string, [files: Record<string, string>, figures: ReturnType<typeof readMemory>]> = {
  'a group of version 2': [
    {
      'proc/self/cgroup': '0::/box\n',
      'sys/fs/cgroup/box/memory.events': EVENTS,
      'sys/fs/cgroup/box/memory.max': '536870912\n',
      'sys/fs/cgroup/box/memory.peak': '536866816\n',
    },
    { oomKills: 2, limitBytes: 536_870_912, peakBytes: 536_866_816 },
  ],
  'a group below one with a limit': [
    {
      'proc/self/cgroup': '0::/box/inner\n',
      'sys/fs/cgroup/box/inner/memory.events': EVENTS,
      'sys/fs/cgroup/box/inner/memory.max': 'max\n',
      'sys/fs/cgroup/box/memory.max': '1000\n',
    },
    { oomKills: 2, limitBytes: 1_000 },
  ],
  'a container that sees its own group only': [
    { 'proc/self/cgroup': '0::/docker/1\n', 'sys/fs/cgroup/memory.events': EVENTS, 'sys/fs/cgroup/memory.max': '1000\n' },
    { oomKills: 2, limitBytes: 1_000 },
  ],
  'a group of version 1': [
    {
      'proc/self/cgroup': '5:cpu,memory:/box\n0::/\n',
      'sys/fs/cgroup/memory/box/memory.oom_control': ['oom_kill_disable 0', 'under_oom 0', 'oom_kill 4', ''].join('\n'),
      'sys/fs/cgroup/memory/box/memory.limit_in_bytes': NO_LIMIT,
      'sys/fs/cgroup/memory/memory.limit_in_bytes': NO_LIMIT,
    },
    { oomKills: 4 },
  ],
  'a machine without groups': [
    {
      'proc/vmstat': ['nr_free_pages 1', 'oom_kill 9', ''].join('\n'),
      'proc/meminfo': 'MemTotal:        2048 kB\nMemFree: 1 kB\n',
    },
    { oomKills: 9, limitBytes: 2_097_152 },
  ],
  'a system that does not tell': [{}, undefined],
};

test.each(Object.entries(MACHINES))('the figures of memory are read on %s', (_what, [files, figures]) => {
  const root = mkdtempSync(join(tmpdir(), 'memory-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  expect(readMemory(root)).toEqual(figures);
});

test.each([
  { wanted: 8_000, machine: 32_000, share: 8_000 },
  { wanted: 8_000, machine: 4_001, share: 3_000 },
])('of $machine bytes a run that may have $wanted gets $share', ({ wanted, machine, share }) => {
  expect(memoryShare(wanted, machine)).toBe(share);
});
