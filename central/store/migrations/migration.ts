/** A step from one version of the tables to the next. Released steps never change. */
import { type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, sql } from 'kysely';

export type Engine = 'sqlite' | 'postgres';

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** Works without knowing the tables of later versions, so it gets no types of them. */
  up(db: Kysely<unknown>, engine: Engine): Promise<void>;
}

/** A number that the database counts up for each row and never gives twice. */
export function counted<T extends string, C extends string>(
  table: CreateTableBuilder<T, C>,
  engine: Engine,
): CreateTableBuilder<T, C | 'id'> {
  return engine === 'sqlite'
    ? table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    : table.addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity());
}

export const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();

/** Makes the database itself refuse to change or remove rows of `table`. */
export async function appendOnly(db: Kysely<unknown>, engine: Engine, table: string): Promise<void> {
  const refusal = `${table} is append-only`;
  if (engine === 'sqlite') {
    for (const act of ['update', 'delete'])
      await sql`create trigger ${sql.id(`${table}_no_${act}`)} before ${sql.raw(act)} on ${sql.id(table)} begin select raise(abort, ${sql.lit(refusal)}); end`.execute(
        db,
      );
    return;
  }
  await sql`create function ${sql.id(`${table}_refuse`)}() returns trigger language plpgsql as ${sql.lit(`begin raise exception '${refusal}'; end`)}`.execute(
    db,
  );
  await sql`create trigger ${sql.id(`${table}_no_change`)} before update or delete or truncate on ${sql.id(table)} execute function ${sql.id(`${table}_refuse`)}()`.execute(
    db,
  );
}
