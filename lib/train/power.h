/* train/power.h - powers with whole exponents, and the same bits everywhere: pow() of two C
 * libraries may round differently.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_POWER_H
#define SE_TRAIN_POWER_H

#include <stdint.h>

/* base^n by squaring; n is 0 or more. */
static inline double se_power(double base, int64_t n)
{
    double result = 1.0;

    while (n > 0) {
        if (n & 1)
            result *= base;
        base *= base;
        n >>= 1;
    }
    return result;
}

#endif /* SE_TRAIN_POWER_H */
