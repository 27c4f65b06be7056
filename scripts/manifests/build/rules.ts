/** Everything the build itself reports. */
export interface BuildRule { readonly id: string; readonly severity: 'error' | 'warning'; readonly summary: string; readonly why: string }

const rule = (id: string, summary: string, why: string, severity: BuildRule['severity'] = 'error'): BuildRule => ({ id, severity, summary, why });

export const BUILD_RULES: readonly BuildRule[] = [
  rule('settings-invalid', 'What .manifests.yaml says can be read and is true of the tree', 'Settings that are not understood would be left out silently, and the tree checked as something it is not'),
  rule('entry-missing', 'There is an entry point, and its folder exists', 'Flux has nothing to begin with: its first Kustomization fails with "path not found"'),
  rule('file-unreadable', 'Every file that is listed can be read as text', 'The build of its Kustomization fails'),
  rule('yaml-syntax', 'Every file that is listed is YAML', 'The build of its Kustomization fails; nothing of it is applied any more'),
  rule('duplicate-key', 'A map has each key once', 'kustomize refuses the file; other tools keep one of the values and drop the other'),
  rule('not-an-object', 'What is listed in resources are Kubernetes objects', 'kustomize refuses documents without apiVersion, kind and metadata.name'),
  rule('kustomization-missing', 'A folder that is listed has a kustomization.yaml', 'kustomize does not guess what a folder is made of; the build fails'),
  rule('kustomization-twice', 'A folder has one kustomization file', 'kustomize refuses a folder with two of kustomization.yaml, kustomization.yml and Kustomization'),
  rule('kustomization-field', 'A kustomization.yaml has only fields kustomize knows', 'kustomize refuses the file: one misspelt field stops everything the folder applies'),
  rule('kustomization-value', 'The fields of a kustomization.yaml have the form kustomize wants', 'kustomize refuses the file'),
  rule('component-kind', 'Components are listed under components, everything else under resources', 'kustomize refuses one in the place of the other'),
  rule('resource-missing', 'Files and folders that are listed exist', 'The build fails; nothing of its Kustomization is applied any more'),
  rule('resource-outside', 'Files that are listed lie in the repository', 'Flux has only the files of the source; everything else is not there for it'),
  rule('resource-remote', 'Nothing is fetched from elsewhere during a build', 'The build fails when the other side is away, and nobody reads what it gives before it is applied', 'warning'),
  rule('remote-pin', 'What is fetched from elsewhere is pinned to a tag or a commit', 'What is applied changes without a commit here, whenever somebody else changes the file'),
  rule('resource-cycle', 'No folder is part of itself', 'kustomize refuses the cycle'),
  rule('resource-twice', 'An object is listed once in one build', 'kustomize refuses two objects of one kind, name and namespace: "may not add resource with an already registered id"'),
  rule('patch-invalid', 'A patch is a piece of an object or a list of operations, and can be applied', 'The build fails'),
  rule('patch-target', 'A patch names an object that is there', 'The build fails'),
  rule('patch-unused', 'A target that names one object finds it', 'kustomize passes the patch over without a word: what it was to change stays as it was', 'warning'),
  rule('generator-invalid', 'A generator can make its object', 'The build fails'),
  rule('kustomize-failed', 'The real kustomize builds what is beyond plain fields', 'The build fails in the cluster as well'),
  rule('kustomize-needed', 'What is beyond plain fields is built by the real kustomize', 'Without it these objects are not looked at', 'warning'),
  rule('path-missing', 'The path of a Flux Kustomization exists', 'Flux says "kustomization path not found"; what depends on it waits for ever'),
  rule('substitute-from-missing', 'ConfigMaps and Secrets of substituteFrom exist', 'Without them Flux does not build the Kustomization'),
  rule('variable-name', 'Names of variables are words of letters, digits and _', 'Flux refuses the whole Kustomization: "var name is invalid"'),
  rule('variable-undefined', 'A variable has a value or a default', 'Since Flux 2.9 a variable without either fails the whole Kustomization; before, it silently became nothing'),
  rule('variable-expression', 'What stands in ${...} is understood by Flux', 'Flux fails the whole Kustomization; a $ that is meant as text is written $$'),
  rule('substituted-yaml', 'An object is still YAML when its variables are filled in', 'Flux fails the whole Kustomization: a value with ": " or quotes breaks the text around it'),
];
