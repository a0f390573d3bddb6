/* io/c_locale.h - a while in the locale "C".
 * SPDX-License-Identifier: MIT
 *
 * The C library writes and reads numbers with the decimal point of the thread's locale.
 * This changes it for this thread alone. */
#ifndef SE_IO_C_LOCALE_H
#define SE_IO_C_LOCALE_H

typedef struct se_c_locale {
    void *c, *before; /* locale_t, which plain C has not */
} se_c_locale;

/* SEQECHO_ENOMEM if it could not be entered; else it must be left. */
int se_c_locale_enter(se_c_locale *l, const char *what);
void se_c_locale_leave(se_c_locale *l);

#endif /* SE_IO_C_LOCALE_H */
