// Loaded into every child of the gateway: the child ends with its parent, also when that was killed.
const GRACE_MS = 8_000;

process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
});
process.channel?.unref();

export {};
