/** Jenkins' `tree` parameter: `jobs[name,color]{0,5},mode`. */
export interface TreeNode {
  fields: Map<string, TreeNode>;
  from: number;
  to: number;
}

/** Parses a tree. Throws at what is not one. */
export function parseTree(text: string): TreeNode {
  let position = 0;
  const root = node();
  if (position < text.length) throw new Error(`tree: unexpected ‘${text[position]}’ at ${position + 1}`);
  return root;

  function node(): TreeNode {
    const fields = new Map<string, TreeNode>();
    do {
      const name = /^[\w*:.-]+/.exec(text.slice(position))?.[0];
      if (name === undefined) throw new Error(`tree: a name is expected at ${position + 1}`);
      position += name.length;
      let inner: TreeNode = { fields: new Map(), from: 0, to: Infinity };
      if (text[position] === '[') {
        position += 1;
        inner = node();
        if (text[position] !== ']') throw new Error(`tree: ‘]’ is missing at ${position + 1}`);
        position += 1;
      }
      const range = /^\{(\d*)(,?)(\d*)\}/.exec(text.slice(position));
      if (range) {
        position += range[0].length;
        inner.from = Number(range[1] || 0);
        inner.to = range[2] ? (range[3] ? Number(range[3]) : Infinity) : inner.from + 1;
      }
      fields.set(name, inner);
    } while (text[position] === ',' && ++position);
    return { fields, from: 0, to: Infinity };
  }
}

/** The part of a value that a tree asks for; `_class` always stays. */
export function prune(value: unknown, tree: TreeNode): unknown {
  if (Array.isArray(value))
    return value.slice(tree.from, tree.to).map((entry) => prune(entry, { ...tree, from: 0, to: Infinity }));
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Record<string, unknown>;
  if (tree.fields.size === 0) return '_class' in object ? { _class: object._class } : object;
  const all = tree.fields.get('*');
  // Only what is asked for is looked at: a view finds some of its fields when they are read.
  return Object.fromEntries(
    Object.keys(object).flatMap((name) => {
      if (name === '_class') return [[name, object[name]]];
      const inner = tree.fields.get(name) ?? all;
      return inner ? [[name, prune(object[name], inner)]] : [];
    }),
  );
}
