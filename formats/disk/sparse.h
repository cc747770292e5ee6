/* sparse.h - Apple's growing disk images: the sparseimage, one file of bands in the order they were first written, and the sparsebundle, a folder
 * with one file for each band. Neither carries any checksum. Big-endian; nothing is published, the layout is that on which several readers agree. */
#ifndef EXH_FORMATS_DISK_SPARSE_H
#define EXH_FORMATS_DISK_SPARSE_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_sparseimage, exh_format_sparsebundle;

#endif
