/* claim.c - names of the bases. See claim.h. */
#include "formats/model/claim.h"

const char *exh_basis_name(enum exh_basis basis)
{
    static const char *const names[EXH_BASIS_COUNT] = {"external", "ledger", "record", "stored", "checksum", "this-run"};
    return (unsigned)basis < EXH_BASIS_COUNT ? names[basis] : "bug";
}
