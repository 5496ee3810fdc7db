/*
 * yajl with our allocator. It does not look at what an allocator returns, so it
 * gets one that never returns NULL (base/mem.h).
 */
#ifndef BASE_YAJL_MEM_H
#define BASE_YAJL_MEM_H

#include <yajl/yajl_parse.h>

/* For yajl_free. */
yajl_handle yajl_mem_new(const yajl_callbacks *callbacks, void *arg);

#endif
