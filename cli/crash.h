/* What is said when the process dies of a signal while a chain is open.
 *
 * A database is mapped into memory: a file that was cut short, or a disk that cannot be read, ends a process with
 * SIGBUS. That is a fault of this machine, and is told as one: a line on stderr and exit status 3. */
#ifndef AE_CLI_CRASH_H
#define AE_CLI_CRASH_H

/** From now on. Called before a database is opened and before an engine is made, whose own handlers pass on what
 *  is not a contract's. */
void cli_crash_watch(const char *home);

#endif
