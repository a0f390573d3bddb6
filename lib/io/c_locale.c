/* io/c_locale.c - a while in the locale "C".
 * SPDX-License-Identifier: MIT */
#include "io/c_locale.h"

#include <locale.h>

#include "base/error.h"

int se_c_locale_enter(se_c_locale *l, const char *what)
{
    l->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (l->c == (locale_t)0)
        return se_fail(SEQECHO_ENOMEM, "%s: out of memory for a locale", what);
    l->before = uselocale(l->c);
    return SEQECHO_OK;
}

void se_c_locale_leave(se_c_locale *l)
{
    uselocale(l->before);
    freelocale(l->c);
}
