/* flavour.c - products of the BLAS that is loaded, from several threads at once and in a
 * forked child.
 * SPDX-License-Identifier: MIT
 *
 * usage: flavour [PRODUCTS]
 *
 * OpenBLAS comes in three flavours that exchange places under a linked program:
 * .ci/flavours runs this with each.  The one without threads gives wrong numbers to two
 * callers at once, the one on OpenMP hangs in a child, and both are kernels/blas.c's to
 * handle. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/blas.h"

enum { THREADS = 4, SIZES = 3, LARGEST = 192 };

static const int64_t sizes[SIZES] = { 24, 64, LARGEST };

/* Of each size: two factors, and their product made when nobody else was at work. */
static float a[SIZES][LARGEST * LARGEST], b[SIZES][LARGEST * LARGEST];
static float right[SIZES][LARGEST * LARGEST];

typedef struct worker {
    pthread_t thread;
    long products, wrong, refused;
    float c[LARGEST * LARGEST];
} worker;

static worker workers[THREADS];

static bool multiply(int s, float *c)
{
    const int64_t n = sizes[s];

    return se_blas_sgemm(false, false, n, n, n, a[s], n, b[s], n, 0.0f, c, n);
}

/* Mostly small ones: there the callers meet. */
static void *work(void *arg)
{
    worker *const w = arg;
    const long products = w->products;

    for (long i = 0; i < products; i++) {
        const int s = i % 64 == 63 ? 2 : i % 8 == 7 ? 1 : 0;
        const size_t bytes = (size_t)(sizes[s] * sizes[s]) * sizeof(float);

        if (!multiply(s, w->c))
            w->refused++;
        else if (memcmp(w->c, right[s], bytes) != 0)
            w->wrong++;
    }
    return NULL;
}

static void fill(float *x, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525U + 1013904223U;
        x[i] = (float)(seed >> 8) * 0x1p-23f - 1.0f;
    }
}

/* In a child a product is right or refused, and comes back. */
static const char *in_a_child(void)
{
    int status = 0;
    const pid_t child = fork();

    if (child == 0) {
        (void)alarm(10);
        if (!multiply(0, workers[0].c))
            _exit(2);
        _exit(memcmp(workers[0].c, right[0],
                     (size_t)(sizes[0] * sizes[0]) * sizeof(float)) != 0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return "could not be made";
    if (!WIFEXITED(status))
        return "hangs";
    return WEXITSTATUS(status) == 0   ? "right"
           : WEXITSTATUS(status) == 2 ? "refused"
                                      : "wrong";
}

int main(int argc, char **argv)
{
    const long products = argc > 1 ? strtol(argv[1], NULL, 10) : 8000;
    long done = 0, wrong = 0, refused = 0;
    const char *child;

    for (int s = 0; s < SIZES; s++) {
        fill(a[s], LARGEST * LARGEST, (uint32_t)s);
        fill(b[s], LARGEST * LARGEST, (uint32_t)s + 9);
        if (!multiply(s, right[s]))
            return EXIT_FAILURE;
    }
    for (int i = 0; i < THREADS; i++) {
        workers[i].products = products / THREADS;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            return EXIT_FAILURE;
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        done += workers[i].products;
        wrong += workers[i].wrong;
        refused += workers[i].refused;
    }
    child = in_a_child();
    printf("%s: %ld products on %d threads, %ld wrong, %ld refused; in a child: %s\n",
           se_blas_name(), done, THREADS, wrong, refused, child);
    return wrong + refused == 0 &&
                   (strcmp(child, "right") == 0 || strcmp(child, "refused") == 0)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
