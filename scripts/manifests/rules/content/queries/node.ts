/** A node of a query's tree, as far as it is looked at. */
export interface QueryNode {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly isError: boolean;
  children(): readonly QueryNode[];
}

/** What is wrong with a query and where in its text; `needle` is the word that stands there. */
export interface QueryTrouble { readonly message: string; readonly hint: string; readonly at: number; readonly needle?: string }

/** A node of Lezer's trees, which are walked from child to sibling. */
interface LezerNode { readonly name: string; readonly from: number; readonly to: number; readonly type: { readonly isError: boolean }; readonly firstChild: LezerNode | null; readonly nextSibling: LezerNode | null }

export function nodeOf(node: LezerNode): QueryNode {
  return {
    name: node.name, from: node.from, to: node.to, isError: node.type.isError,
    children() {
      const found: QueryNode[] = [];
      for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(nodeOf(child));
      return found;
    },
  };
}
