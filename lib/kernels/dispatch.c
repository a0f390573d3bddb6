/* kernels/dispatch.c - which table of kernels this machine uses.
 * SPDX-License-Identifier: MIT */
#include "kernels/kernels.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "kernels/tables.h"

#define TABLES_MAX 4

/* Written once, by choose(); the last of the list is the best. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct {
    const se_kernels *list[TABLES_MAX];
    size_t count;
    const se_kernels *chosen;
    bool asked, found; /* by the environment variable, and was there such a table? */
} cpu;

static void offer(const se_kernels *table)
{
    cpu.list[cpu.count++] = table;
    cpu.chosen = table;
}

/* The compiler's test covers the operating system's part too: that it saves the wide
 * registers when it switches threads. */
static void choose(void)
{
    const char *const name = getenv("SEQECHO_CPU");

    offer(&se_kernels_c);
#if defined(__x86_64__)
    __builtin_cpu_init();
    offer(&se_kernels_sse2);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        offer(&se_kernels_avx2);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("fma"))
        offer(&se_kernels_avx512);
#elif defined(__aarch64__)
    offer(&se_kernels_neon);
#endif
    cpu.asked = name != NULL && name[0] != '\0';
    for (size_t i = 0; i < cpu.count && cpu.asked; i++)
        if (strcmp(name, cpu.list[i]->name) == 0) {
            cpu.chosen = cpu.list[i];
            cpu.found = true;
        }
}

const se_kernels *se_kernels_get(void)
{
    (void)pthread_once(&once, choose);
    return cpu.chosen;
}

const se_kernels *se_kernels_list(size_t i)
{
    (void)pthread_once(&once, choose);
    return i < cpu.count ? cpu.list[i] : NULL;
}

void se_kernels_reason(se_strbuf *text)
{
    (void)pthread_once(&once, choose);
    if (cpu.found) {
        se_strbuf_add(text, "asked for by SEQECHO_CPU");
        return;
    }
    se_strbuf_add(text, "the best this processor has of");
    for (size_t i = 0; i < cpu.count; i++)
        se_strbuf_add(text, " %s", cpu.list[i]->name);
    if (cpu.asked)
        se_strbuf_add(text, " (SEQECHO_CPU names another, and is ignored)");
}
