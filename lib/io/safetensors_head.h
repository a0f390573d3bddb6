/* io/safetensors_head.h - how a header of this library begins: with its checksum.
 * SPDX-License-Identifier: MIT
 *
 * The checksum is that of the whole file with zeros for its 16 digits, which therefore have
 * a fixed place. */
#ifndef SE_IO_SAFETENSORS_HEAD_H
#define SE_IO_SAFETENSORS_HEAD_H

#define SE_METADATA "__metadata__"
#define SE_CHECKSUM "seqecho.checksum"
#define SE_CHECKSUM_KIND "xxh3-64:"
#define SE_CHECKSUM_DIGITS 16
#define SE_CHECKSUM_ZEROS "0000000000000000"

/* The size of the header, before it. */
#define SE_LENGTH_BYTES 8

#define SE_HEAD_BEGIN "{\"" SE_METADATA "\":{\"" SE_CHECKSUM "\":\"" SE_CHECKSUM_KIND

/* Where the digits are in the file. */
#define SE_CHECKSUM_PLACE (SE_LENGTH_BYTES + sizeof SE_HEAD_BEGIN - 1)

#endif /* SE_IO_SAFETENSORS_HEAD_H */
