/*
 * The environment as it was meant. Whoever writes a value into a file or a
 * secret often leaves a line break at its end, and nothing that we read there
 * has blanks around it.
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

/* Takes blanks and line breaks off both ends of the values of AWS_…,
 * DASSANA_…, TRAILPOST_… and …_PROXY (in any case), in place: what we start
 * gets them so too. To be called before anybody reads. */
void env_trim(char **env);

#endif
