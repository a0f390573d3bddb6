/* kernels/blas.c - the only door to the BLAS library, where there is one (blas_none.c).
 * SPDX-License-Identifier: MIT
 *
 * OpenBLAS comes built in three ways, exchangeable under a linked program, and each needs
 * its own care:
 *
 *   serial    two calls at the same time give wrong numbers, so calls are serialised
 *   pthread   none
 *   OpenMP    hangs in a forked child, unless it runs on one thread
 *
 * Any other BLAS is taken for a serial one.  Whether a plain CBLAS is OpenBLAS shows only
 * when the program runs, so OpenBLAS's own functions are weak references then.  Linked with
 * OpenBLAS itself they are not: a weak reference takes nothing out of a static archive. */
#include "kernels/blas.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cblas.h>

#ifdef SE_BLAS_IS_OPENBLAS
#define OPENBLAS_ONLY
#else
#define OPENBLAS_ONLY __attribute__((weak))
#endif

int openblas_get_parallel(void) OPENBLAS_ONLY;
int openblas_get_num_threads(void) OPENBLAS_ONLY;
char *openblas_get_config(void) OPENBLAS_ONLY;

/* As openblas_get_parallel() counts. */
enum { BUILD_SERIAL = 0, BUILD_PTHREAD = 1, BUILD_OPENMP = 2 };

/* Written once, by find_out(). */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct {
    int build;
    pid_t pid; /* of the process that first came here */
    char name[48];
} blas;

static pthread_mutex_t serial_lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_openblas(void)
{
#ifdef SE_BLAS_IS_OPENBLAS
    return true;
#else
    return openblas_get_parallel != NULL && openblas_get_num_threads != NULL &&
           openblas_get_config != NULL;
#endif
}

/* "OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY ..." is cut at the second space. */
static void find_out(void)
{
    const char *config = "CBLAS";
    const char *end;

    blas.pid = getpid();
    blas.build = BUILD_SERIAL;
    if (is_openblas()) {
        blas.build = openblas_get_parallel();
        config = openblas_get_config();
    }
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
        return openblas_get_num_threads() == 1;
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
