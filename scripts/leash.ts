// Loaded into every child of the gateway: the child ends with its parent, also when that was killed.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
