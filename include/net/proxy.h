/*
 * The URL of a proxy, as the variables https_proxy, http_proxy and all_proxy
 * hold it. It may hold a password, so nobody quotes it.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

/* What is wrong with it, without a word of it; NULL: curl can use it. Its
 * password is a secret that is known from then on (base/secret.h). */
const char *proxy_fault(const char *url);

#endif
