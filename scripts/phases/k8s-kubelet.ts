import { k8sPart } from './machines/k8s-part.ts';

export default k8sPart('kubelet');
