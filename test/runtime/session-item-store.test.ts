import { MemoryItemStore } from '../../runtime/memory-item-store';
import { itemStoreContract } from './item-store-contract';

describe('S5 tables in memory', () => itemStoreContract(() => new MemoryItemStore()));
