/* The text form of an address: bech32m (BIP-350) with the prefix `ae`, lower case, 32 bytes. One
 * text for one address: no upper case, no other length, no bits left over. */
#ifndef AE_CLI_BECH32M_H
#define AE_CLI_BECH32M_H

#include <aether/types.h>

/** @return NULL, or what is wrong with the text; then *out is untouched */
const char *cli_bech32m_decode(const char *text, aether_address *out);

#endif
