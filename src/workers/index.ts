// In: a checked Config. Out: the running product: the loops that carry batches from room to room, and their threads.
export { openProduct, type Product, type ProductOptions, profileFolders } from './product.ts';
