/*
 * What a process has from whoever started it, and must not depend on.
 */
#ifndef COMMANDS_INHERITED_H
#define COMMANDS_INHERITED_H

/* First thing of all, so that
 * - no socket becomes standard output or error, and gets what is written there:
 *   those that are closed are opened so that each use of them fails, as before;
 * - no signal that we wait for is blocked, and the end of a child is told. */
void inherited_undo(void);

#endif
