/* kernels/blas.c - the only door to the BLAS library.
 * SPDX-License-Identifier: MIT
 *
 * OpenBLAS comes built in three ways, exchangeable under a linked program, and each needs
 * its own care:
 *
 *   serial    two calls at the same time give wrong numbers, so calls are serialised
 *   pthread   none
 *   OpenMP    hangs in a forked child, unless it runs on one thread
 *
 * Its own functions are found through weak references, so any other CBLAS links too. */
#include "kernels/blas.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cblas.h>

int openblas_get_parallel(void) __attribute__((weak));
int openblas_get_num_threads(void) __attribute__((weak));
char *openblas_get_config(void) __attribute__((weak));

enum { BUILD_SERIAL = 0, BUILD_PTHREAD = 1, BUILD_OPENMP = 2, BUILD_UNKNOWN = -1 };

/* Written once, by find_out(). */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct {
    int build;
    pid_t pid; /* of the process that first came here */
    char name[48];
} blas;

static pthread_mutex_t serial_lock = PTHREAD_MUTEX_INITIALIZER;

/* "OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY ..." is cut at the second space. */
static void find_out(void)
{
    const char *config = "CBLAS";
    const char *end;

    blas.pid = getpid();
    blas.build = BUILD_UNKNOWN;
    if (openblas_get_parallel != NULL)
        blas.build = openblas_get_parallel();
    if (openblas_get_config != NULL)
        config = openblas_get_config();
    end = strchr(config, ' ');
    if (end != NULL)
        end = strchr(end + 1, ' ');
    snprintf(blas.name, sizeof blas.name, "%.*s",
             end != NULL ? (int)(end - config) : (int)strlen(config), config);
}

/* Only a build on plain threads is known to survive a fork at any moment; the lock of the
 * serial one may have been held by a thread that the child does not have. */
static bool usable_after_fork(void)
{
    if (blas.build == BUILD_OPENMP)
        return openblas_get_num_threads != NULL && openblas_get_num_threads() == 1;
    return blas.build == BUILD_PTHREAD;
}

static bool fits_int(int64_t value)
{
    return value >= 0 && value <= INT_MAX;
}

bool se_blas_sgemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k,
                   const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
                   float *c, int64_t ldc)
{
    (void)pthread_once(&once, find_out);
    if (!fits_int(m) || !fits_int(n) || !fits_int(k) || !fits_int(lda) || !fits_int(ldb) ||
        !fits_int(ldc))
        return false;
    if (blas.build != BUILD_PTHREAD && getpid() != blas.pid && !usable_after_fork())
        return false;

    if (blas.build == BUILD_SERIAL)
        (void)pthread_mutex_lock(&serial_lock);
    cblas_sgemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans,
                trans_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1.0F, a,
                (int)lda, b, (int)ldb, beta, c, (int)ldc);
    if (blas.build == BUILD_SERIAL)
        (void)pthread_mutex_unlock(&serial_lock);
    return true;
}

const char *se_blas_name(void)
{
    (void)pthread_once(&once, find_out);
    return blas.name;
}
