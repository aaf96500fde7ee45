/** The reading end of the history. */
export interface History { readonly x?: never }
