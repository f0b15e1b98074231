// Sorted lists of node indices.

/** Indices `levels` above, each once; both ascending. */
export function parents(indices: Uint32Array, levels: number): Uint32Array {
  const above = new Uint32Array(indices.length);
  let count = 0;
  for (const index of indices) {
    const parent = index >>> levels;
    if (count === 0 || above[count - 1] !== parent) above[count++] = parent;
  }
  return above.subarray(0, count);
}

/** The values in ascending order, each once. */
export function sortedUnique(values: ArrayLike<number>): Uint32Array {
  return parents(Uint32Array.from(values).sort(), 0);
}
