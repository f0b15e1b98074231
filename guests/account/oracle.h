/* The preimage oracle as the program sees it (the fault-proof VM convention), every preimage hashed and compared. */
#ifndef ORACLE_H
#define ORACLE_H

#include "../lib/runtime.h"

/* Number of an input: the parent block's hash. */
enum { PARENT_BLOCK_HASH = 1 };

/* Reads input `index`, a word of 32 bytes. 0, or -1. */
int oracle_input(u8 index, u8 word[32]);

/* Says that the preimage of `hash` will be asked for, so that a host can fetch it: "KIND 0xHASH". 0, or -1. */
int oracle_hint(const char *kind, const u8 hash[32]);

/* Reads the preimage of a keccak256 hash, of at most `most` bytes: its length, or -1 if it is longer or does not have
   this hash. */
long oracle_preimage(const u8 hash[32], u8 *preimage, usize most);

/* Sets the output of the run. 0, or -1. */
int oracle_output(const u8 word[32]);

#endif
